import { rulesOn } from './rules-on.js';

await rulesOn('postgres');
