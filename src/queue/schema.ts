/**
 * The tables of the queue's database, and the steps from those of earlier versions; `store.ts` says what stands in them.
 *
 * @module
 */

/** What `PRAGMA user_version` says of these tables. */
export const schemaVersion = 3;

/** From each version to the next, the first from version 1. */
export const migrations = [
  "ALTER TABLE message ADD COLUMN tls TEXT;",
  "ALTER TABLE message ADD COLUMN trail TEXT; ALTER TABLE delivery ADD COLUMN word TEXT;",
] as const;

/** The tables of a new queue. */
export const schema = `
CREATE TABLE message (
  mid INTEGER PRIMARY KEY,
  sender TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  octets INTEGER NOT NULL,
  eight_bit INTEGER NOT NULL,
  smtputf8 INTEGER NOT NULL,
  ret TEXT,
  envid TEXT,
  place TEXT NOT NULL CHECK (place IN ('row', 'file')),
  tls TEXT,
  trail TEXT
) STRICT;
CREATE INDEX message_file ON message (mid) WHERE place = 'file';
CREATE TABLE body (mid INTEGER PRIMARY KEY, text BLOB NOT NULL) STRICT;
CREATE TABLE delivery (
  mid INTEGER NOT NULL,
  destination TEXT NOT NULL,
  due INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  tried INTEGER,
  reason TEXT,
  recipients TEXT NOT NULL,
  word TEXT,
  PRIMARY KEY (mid, destination)
) STRICT, WITHOUT ROWID;
CREATE INDEX delivery_due ON delivery (destination, due);
CREATE TABLE mark (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
PRAGMA user_version = ${schemaVersion};
`;

/** Deliveries that are held are due then: never. The last moment that a `Date` can hold. */
export const heldDue = 8_640_000_000_000_000;
