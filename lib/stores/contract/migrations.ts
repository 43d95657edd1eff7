import type { Migrations } from './realm.js';

/** A store of these parts. Each keeps the migrations, so that it can be put into another store without losing them. */
export function migratable<Parts extends object, M extends Migrations>(parts: Parts, migrations: M): Parts & M {
  const marked = Object.entries(parts).map(([name, part]: [string, object]) => [name, { ...part, migrations }]);
  return { ...(Object.fromEntries(marked) as Parts), ...migrations }; // the same parts, each with one member more
}
