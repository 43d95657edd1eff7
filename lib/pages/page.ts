import type { MethodField } from '../methods/method.js';
import type { Fields } from './fields.js';

/** What a page says and holds, for an app that writes its own markup. All of it is text: escape it. */
export type PageContent =
  /** Asks for a proof. */
  | {
      readonly type: 'ask';
      /** What would be done, in the words of the rule's `summary`. */
      readonly summary: string | null;
      /** What went wrong, or that exactly this was done before. */
      readonly message: string | null;
      /** Where each form is posted to: an absolute URL. */
      readonly action: string;
      /** Goes into every form, each in a hidden field. */
      readonly hidden: Fields;
      /**
       * One form each, the first being the one to show: `method` in a field of that name, and what is typed in one called
       * `answer`. None where only JavaScript can do it.
       */
      readonly methods: readonly AskedMethod[];
    }
  /** After the proof: the form as it was, to be sent by a button. */
  | { readonly type: 'send'; readonly summary: string | null; readonly action: string; readonly fields: Fields }
  /** The confirmation is of no use any more: the same form, to begin anew. */
  | { readonly type: 'restart'; readonly message: string; readonly action: string; readonly fields: Fields | null }
  | { readonly type: 'refused'; readonly message: string };

export interface AskedMethod extends MethodField {
  readonly method: string;
}

export interface StepUpPage {
  readonly status: number;
  readonly title: string;
  /** The page in English, as markup for the inside of `<main>`: enough for an app that only has a frame of its own. */
  readonly body: string;
  readonly content: PageContent;
}

/** Makes a whole HTML document of a page. */
export type RenderPage = (page: StepUpPage) => string | Promise<string>;
