// Deletes an output folder before a build: a deleted source must not leave its output behind.
import { rmSync } from 'node:fs';

for (const folder of process.argv.slice(2)) rmSync(folder, { recursive: true, force: true });
