// The subpaths of the package, each with its module in lib/: the one list that the build, and with it package.json, goes by.
export const ENTRIES = {
  '.': 'index',
  './better-auth': 'adapters/better-auth/index',
  './conformance': 'conformance/index',
  './copy': 'copy/index',
  './express': 'express',
  './express-session': 'adapters/express-session',
  './opentelemetry': 'opentelemetry/index',
  './passkey': 'methods/passkey/index',
  './postgres': 'stores/postgres/index',
  './redis': 'stores/redis/index',
  './sqlite': 'stores/sqlite/index',
  './testing': 'testing/index',
  './totp': 'methods/totp/index',
};

/** Those for pages: ES modules only, and nothing of the server in them. */
export const BROWSER_ENTRIES = {
  './browser': 'browser/index',
  './browser/approvals': 'browser/approvals',
  './browser/dialog': 'browser/dialog/index',
  './browser/dialog/de': 'browser/dialog/de',
};

/** The command `stepgate`: an ES module that nothing imports. */
export const COMMAND_LINE = { './cli': 'cli/index' };

/** The packages that the build takes into the bundles: each has ES modules only, which not every `require` can load. */
export const BUNDLED = ['@noble/hashes'];

/** The file of a subpath in `dist/esm` and `dist/cjs`, without its ending. */
export function fileOf(subpath) {
  return subpath === '.' ? 'index' : subpath.slice('./'.length);
}

/** What package.json has to say of the entries. */
export function manifestOfEntries() {
  const modules = { ...ENTRIES, ...BROWSER_ENTRIES };
  const typesOf = (format, subpath) => `./dist/${format}/types/${modules[subpath]}.d.ts`;
  const target = (format, subpath) => ({
    types: typesOf(format, subpath),
    default: `./dist/${format}/${fileOf(subpath)}.js`,
  });
  const subpaths = Object.keys(ENTRIES);
  const pages = Object.keys(BROWSER_ENTRIES);
  return {
    // For TypeScript's `node10`, which reads no `exports`.
    main: './dist/cjs/index.js',
    types: typesOf('cjs', '.'),
    typesVersions: {
      '*': Object.fromEntries([
        ...subpaths.slice(1).map((subpath) => [fileOf(subpath), [typesOf('cjs', subpath)]]),
        ...pages.map((subpath) => [fileOf(subpath), [typesOf('esm', subpath)]]),
      ]),
    },
    bin: { stepgate: 'dist/esm/cli.js' },
    exports: {
      ...Object.fromEntries(
        subpaths.map((subpath) => [subpath, { import: target('esm', subpath), require: target('cjs', subpath) }]),
      ),
      ...Object.fromEntries(pages.map((subpath) => [subpath, target('esm', subpath)])),
      './package.json': './package.json',
    },
  };
}
