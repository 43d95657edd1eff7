import { fileURLToPath } from 'node:url';

/** The repository's folder, from where the compiled test lies (`.build/test/repository/`). */
export const root: string = fileURLToPath(new URL('../../..', import.meta.url));
