/** Reads files out of a ZIP archive (PKWARE's APPNOTE 6.3: stored and deflated entries, no encryption, no ZIP64). */

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const STORED = 0;
const DEFLATED = 8;

/** The end record is 22 bytes, and may be followed by a comment of up to 65,535. */
const END_BYTES = 22;
const COMMENT_BYTES_MAX = 65_535;

/** Beyond this, an entry is refused rather than held in memory: a small file can claim to be endless. */
const INFLATED_BYTES_MAX = 256 * 1024 * 1024;

export class ZipError extends Error {}

type Entry = { method: number; start: number; packed: number };

export class Zip {
  private constructor(
    private readonly bytes: Uint8Array<ArrayBuffer>,
    private readonly entries: ReadonlyMap<string, Entry>,
  ) {}

  /** Reads the directory. Fails with `ZipError` on what is no ZIP archive. */
  static open(buffer: ArrayBuffer): Zip {
    const view = new DataView(buffer);
    const end = findEnd(view);
    const count = view.getUint16(end + 10, true);
    let at = view.getUint32(end + 16, true);
    const entries = new Map<string, Entry>();
    const names = new TextDecoder();
    try {
      for (let index = 0; index < count; index++) {
        if (view.getUint32(at, true) !== ENTRY) throw new ZipError("its directory is damaged");
        const [name, extra, comment] = [28, 30, 32].map((offset) => view.getUint16(at + offset, true)) as [
          number,
          number,
          number,
        ];
        const local = view.getUint32(at + 42, true);
        const start = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
        entries.set(names.decode(new Uint8Array(buffer, at + 46, name)), {
          method: view.getUint16(at + 10, true),
          packed: view.getUint32(at + 20, true),
          start,
        });
        at += 46 + name + extra + comment;
      }
    } catch (error) {
      throw error instanceof ZipError ? error : new ZipError("it is cut off");
    }
    return new Zip(new Uint8Array(buffer), entries);
  }

  /** The text of an entry, as UTF-8; `null` where there is none of that name. */
  async text(name: string): Promise<string | null> {
    const entry = this.entries.get(name);
    if (!entry) return null;
    const packed = this.bytes.subarray(entry.start, entry.start + entry.packed);
    if (packed.length < entry.packed) throw new ZipError("it is cut off");
    if (entry.method === STORED) return new TextDecoder().decode(packed);
    if (entry.method !== DEFLATED) throw new ZipError("it is packed in a way that is not known here");
    return inflate(packed);
  }
}

function findEnd(view: DataView): number {
  const first = Math.max(0, view.byteLength - END_BYTES - COMMENT_BYTES_MAX);
  for (let at = view.byteLength - END_BYTES; at >= first; at--) {
    if (view.getUint32(at, true) === END) return at;
  }
  throw new ZipError("it is no ZIP archive");
}

async function inflate(packed: Uint8Array<ArrayBuffer>): Promise<string> {
  const reader = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  const decoder = new TextDecoder();
  const parts: string[] = [];
  let size = 0;
  try {
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
      size += chunk.value.length;
      if (size > INFLATED_BYTES_MAX) throw new ZipError("it is too large");
      parts.push(decoder.decode(chunk.value, { stream: true }));
    }
  } catch (error) {
    throw error instanceof ZipError ? error : new ZipError("it is damaged");
  }
  return parts.join("") + decoder.decode();
}
