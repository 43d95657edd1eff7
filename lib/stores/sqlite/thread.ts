/**
 * What the writer thread runs: a file here, and in the package the code itself, which the build puts in this place. A
 * bundler of an app would find no file.
 */
export const threadCode: string | URL = new URL('./writer-thread.js', import.meta.url);
