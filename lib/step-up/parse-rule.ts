import { milliseconds } from '../internal/duration.js';
import { SetupError } from '../internal/setup-error.js';
import { nearest, refuseUnknownKeys } from '../internal/unknown-keys.js';
import type { ParsedActionRule, ParsedRule, RuleKey } from './rule.js';

/** The forms of a rule, by the member that tells them apart. */
const FORMS = {
  anyOf: ['anyOf'],
  allOf: ['allOf'],
  once: ['method', 'once'],
  bind: ['method', 'bind', 'summary', 'approver'],
  maxAge: ['method', 'maxAge'],
} as const satisfies Partial<Record<RuleKey, readonly RuleKey[]>>;

type Form = keyof typeof FORMS;
const FORM_NAMES = Object.keys(FORMS) as readonly Form[]; // `Object.keys` gives them as mere strings
const KEYS: readonly string[] = [...new Set(Object.values(FORMS).flat())];
const HELP =
  'Write `{ method, maxAge }`, `{ anyOf: [...] }` or `{ allOf: [...] }`, or for exactly one request `{ method, once: true }` or `{ method, bind, summary }`.';

/** Deeper than any rule a reader can follow; a rule that contains itself ends here, too. */
const MAX_DEPTH = 8;

/**
 * Checks a rule when its guard is made, and gives it in one frozen form with milliseconds. Each member is read once and
 * copied, so that nothing the caller still holds can change what was checked. Throws a `SetupError` that says what to
 * write.
 */
export function parseRule(rule: unknown, methodNames: readonly string[]): ParsedRule | ParsedActionRule {
  return check(rule, 'rule', methodNames, 1);
}

function check(rule: unknown, where: string, names: readonly string[], depth: number): ParsedRule | ParsedActionRule {
  if (depth > MAX_DEPTH) throw new SetupError('The rule is nested too deeply.', `Keep to ${MAX_DEPTH} levels.`);
  const members = membersOf(rule, where);
  const form = formOf(members, where);
  if (form === 'anyOf' || form === 'allOf') {
    return Object.freeze({ type: form, rules: checkParts(members[form], `${where}.${form}`, names, depth) });
  }
  const methods = checkMethods(members.method, `${where}.method`, names);
  if (form === 'maxAge') {
    return Object.freeze({ type: 'proof', methods, maxAge: checkMaxAge(members.maxAge, `${where}.maxAge`) });
  }
  if (form === 'once' && members.once !== true) {
    throw new SetupError(`\`${where}.once\` must be true.`, 'For a proof that serves several requests write `maxAge`.');
  }
  const summary = checkFunction(members.summary, `${where}.summary`);
  const approver = checkApprover(members.approver, `${where}.approver`);
  if (approver !== null && summary === null) {
    throw new SetupError(
      `\`${where}.summary\` is missing.`,
      'Who approves has to read what it is: write a function that gives the words for a payload.',
    );
  }
  return Object.freeze({
    type: 'action',
    methods,
    bind: checkFunction(members.bind, `${where}.bind`),
    summary,
    approver,
  });
}

type Members = Readonly<Partial<Record<RuleKey, unknown>>>;

/** The members of a plain object; those that are undefined count as left out. */
function membersOf(rule: unknown, where: string): Members {
  if (typeof rule !== 'object' || rule === null || !isPlain(rule)) {
    throw new SetupError(`\`${where}\` must be a plain object.`, HELP);
  }
  refuseUnknownKeys(rule, KEYS, where);
  const entries = Object.entries(Object.getOwnPropertyDescriptors(rule));
  const accessor = entries.find(([, descriptor]) => !('value' in descriptor));
  if (accessor !== undefined) {
    throw new SetupError(`\`${where}.${accessor[0]}\` is a getter or setter.`, 'Give it a plain value.');
  }
  return Object.fromEntries(
    entries.filter(([, { value }]) => value !== undefined).map(([key, { value }]) => [key, value]),
  );
}

function isPlain(object: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(object);
  // Not compared with our `Object.prototype`: an object of another realm has another one.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function formOf(members: Members, where: string): Form {
  const form = FORM_NAMES.find((name) => name in members);
  if (form === undefined) throw new SetupError(`\`${where}\` doesn't say how fresh the proof has to be.`, HELP);
  const allowed: readonly string[] = FORMS[form];
  const stray = Object.keys(members).find((key) => !allowed.includes(key));
  if (stray === undefined) return form;
  throw new SetupError(`\`${where}\` has \`${stray}\` beside \`${form}\`.`, HELP);
}

function checkParts(list: unknown, where: string, names: readonly string[], depth: number): readonly ParsedRule[] {
  if (!Array.isArray(list) || list.length === 0) {
    throw new SetupError(`\`${where}\` must be a list of rules.`, 'Give it at least one rule.');
  }
  const parts = Array.from(list, (part: unknown, index) => {
    const rule = check(part, `${where}[${index}]`, names, depth + 1);
    if (rule.type !== 'action') return rule;
    throw new SetupError(
      `\`${where}[${index}]\` is for one request only, and can't be a part of a rule.`,
      'Let `once` or `bind` stand alone; for a choice of methods write `{ method: [..., ...], once: true }`.',
    );
  });
  return Object.freeze(parts);
}

function checkApprover(approver: unknown, where: string): ParsedActionRule['approver'] {
  if (approver === 'user' || typeof approver === 'function') return approver as 'user' | (() => unknown); // as looked at
  if (approver === undefined) return null;
  throw new SetupError(
    `\`${where}\` must be 'user' or a function.`,
    "Write 'user', or `(req, payload) => userIds` for the users who may approve it.",
  );
}

function checkMethods(method: unknown, where: string, names: readonly string[]): readonly string[] {
  const methods: readonly unknown[] = Array.isArray(method) ? Array.from(method) : [method];
  if (methods.length === 0) throw new SetupError(`\`${where}\` must name a method.`, configured(names));
  return Object.freeze([...new Set(methods.map((name) => checkMethod(name, where, names)))]);
}

function checkMethod(name: unknown, where: string, names: readonly string[]): string {
  if (typeof name !== 'string') throw new SetupError(`\`${where}\` must name a method.`, configured(names));
  if (names.includes(name)) return name;
  const meant = nearest(name, names);
  throw new SetupError(
    `\`${where}\`: \`${name}\` is not a configured method.`,
    meant === null ? configured(names) : `Did you mean \`${meant}\`?`,
  );
}

function configured(names: readonly string[]): string {
  const list = names.map((name) => `\`${name}\``).join(', ');
  return list === '' ? 'Configure one in the `methods` option first.' : `Name one of the \`methods\` option: ${list}.`;
}

function checkMaxAge(value: unknown, where: string): number {
  if (value === 0) throw new SetupError(`\`${where}\` is 0.`, 'For a proof of exactly one request write `once: true`.');
  const maxAge = milliseconds(value, where);
  // RFC 9470, 3: `max_age` is a whole number of seconds.
  if (Number.isSafeInteger(maxAge) && maxAge % 1_000 === 0) return maxAge;
  throw new SetupError(`\`${where}\` must be a whole number of seconds.`, "Write for example 300 or '5m'.");
}

function checkFunction(value: unknown, where: string): ((argument: unknown) => unknown) | null {
  if (value === undefined) return null;
  if (typeof value !== 'function') throw new SetupError(`\`${where}\` must be a function.`, HELP);
  return value as (argument: unknown) => unknown; // what it takes and gives was for the compiler to check
}
