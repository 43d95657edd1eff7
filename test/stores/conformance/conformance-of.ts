import { storeConformance } from '../../../lib/conformance/index.js';
import { runConformance } from '../../support/conformance.js';
import { forStore } from '../../support/stores.js';

/** One store a file: the suite is long, and the files run beside each other. */
export function conformanceOf(name: string): void {
  forStore(name, (_name, makeStore, { rawRows, expiresByItself = false, without = [] }) => {
    runConformance(storeConformance(makeStore, { expiresByItself, without, ...(rawRows ? { rawRows } : {}) }));
  });
}
