/**
 * The lines of the mail log from the youngest back, over the rotated files too.
 *
 * All files are opened before the first line is read, so a rotation meanwhile changes nothing. Reading is synchronous and in blocks: it belongs
 * into a process or a thread where nothing else waits.
 *
 * @module
 */

/** Octets read at a time. */
const blockOctets = 1 << 20;
/** A line is never longer; what is gets cut, so that a file without line ends costs no memory. */
const lineOctetsMax = 1 << 20;
const lineEnd = 10;

/** A log that was opened. */
export interface OpenLog extends Disposable {
  /** Octets of all files. */
  readonly octets: number;
  /** Whole lines, the youngest first, in blocks as they are read. */
  blocks(): Generator<string[]>;
}

/** Opens `mail.log`, `mail.log.1` and so on in a folder. Files that are not there end the row; others that cannot be opened throw. */
export function openLog(directory: string): OpenLog {
  using opened = new DisposableStack();
  const files: { file: Deno.FsFile; size: number }[] = [];
  for (let number = 0;; number++) {
    const path = `${directory}/mail.log${number === 0 ? "" : `.${number}`}`;
    try {
      const file = opened.use(Deno.openSync(path));
      files.push({ file, size: file.statSync().size });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      // Between two renames of a rotation the first one is missing for a moment.
      if (number > 0) break;
    }
  }
  const held = opened.move();
  return {
    octets: files.reduce((sum, { size }) => sum + size, 0),
    *blocks() {
      for (const { file, size } of files) yield* blocksOf(file, size);
    },
    [Symbol.dispose]: () => held.dispose(),
  };
}

function* blocksOf(file: Deno.FsFile, size: number): Generator<string[]> {
  const decoder = new TextDecoder();
  const block = new Uint8Array(blockOctets);
  /** The end of a line whose beginning is further in front. */
  let rest: Uint8Array = new Uint8Array();
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - blockOctets);
    const length = readAt(file, { at: start, into: block.subarray(0, end - start) });
    const bytes = new Uint8Array(length + rest.length);
    bytes.set(block.subarray(0, length));
    bytes.set(rest, length);
    const first = start === 0 ? 0 : bytes.indexOf(lineEnd) + 1;
    if (start > 0 && first === 0) {
      rest = bytes.length > lineOctetsMax ? new Uint8Array() : bytes;
    } else {
      rest = start === 0 ? new Uint8Array() : bytes.slice(0, first);
      const lines = decoder.decode(bytes.subarray(first)).split("\n");
      // Behind the last line end there is nothing, or a line that is being written.
      lines.pop();
      yield lines.reverse();
    }
    end = start;
  }
}

function readAt(file: Deno.FsFile, { at, into }: { at: number; into: Uint8Array }): number {
  file.seekSync(at, Deno.SeekMode.Start);
  let length = 0;
  while (length < into.length) {
    const read = file.readSync(into.subarray(length));
    if (read === null) break;
    length += read;
  }
  return length;
}
