#!/usr/bin/env node
import { run } from './run.js';

// `stepgate sessions list | head`: whoever reads has had enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const writerTo = (stream: NodeJS.WriteStream) => (text: string) =>
  new Promise<void>((resolve) => stream.write(text, () => resolve()));

const code = await run(process.argv.slice(2), {
  folder: process.cwd(),
  out: writerTo(process.stdout),
  err: writerTo(process.stderr),
});
// The config may have opened a pool or a client that nobody closes.
process.exit(code);
