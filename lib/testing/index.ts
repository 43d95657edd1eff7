export {
  type ConformanceCase,
  type StoreConformanceOptions,
  type StorePart,
  storeConformance,
} from './conformance/index.js';
export { type ManualClock, manualClock } from './manual-clock.js';
