// Opens a store and does nothing with it.
import { sqliteStore } from '../../../../lib/stores/sqlite/index.js';

sqliteStore(process.argv[2] ?? '');
