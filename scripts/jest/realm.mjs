// Jest gives each test file globals of its own, and an error that Node or an addon makes is none of that file's Error.
// This lets `instanceof` take it for one, as it does in every other process.
import { createRequire } from 'node:module';
import { types } from 'node:util';

for (const builtIn of [Error, TypeError, RangeError, SyntaxError]) {
  Object.defineProperty(builtIn, Symbol.hasInstance, {
    configurable: true,
    value(error) {
      if (Function.prototype[Symbol.hasInstance].call(this, error)) return true;
      if (this !== builtIn || !types.isNativeError(error)) return false; // a class derived from it asks, too
      return builtIn === Error || error.name === builtIn.name;
    },
  });
}

// The addon is shared by all test files of a process, and would keep the SqliteError of the first.
createRequire(import.meta.url)('better-sqlite3/build/Release/better_sqlite3.node').isInitialized = false;
