// Takes the write lock of an SQLite file, says so, and keeps it until it is told to let go.
import Database from 'better-sqlite3';

const db = new Database(process.argv[2], { timeout: 10_000 });
db.exec('BEGIN IMMEDIATE');
process.send('locked');
process.once('message', () => {
  db.exec('COMMIT');
  db.close();
  process.disconnect();
});
