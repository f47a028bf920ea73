/** Kinds of WebSocket frames. @see https://www.rfc-editor.org/rfc/rfc6455#section-5.2 */
export const opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface Frame {
  readonly fin: boolean;
  readonly opcode: number;
  readonly payload: Uint8Array;
}

/** A server broke the protocol, or sent more than it may; `closeCode` is what it is told. */
export class FrameError extends Error {
  readonly closeCode: number;

  constructor(closeCode: number, message: string) {
    super(message);
    this.name = "FrameError";
    this.closeCode = closeCode;
  }
}

/** One whole frame; masked as clients must. `mask` is four random bytes, null for a server's frame. */
export function encodeFrame(kind: number, payload: Uint8Array, mask: Uint8Array | null): Uint8Array {
  const length = payload.byteLength;
  const extended = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const frame = new Uint8Array(2 + extended + (mask ? 4 : 0) + length);
  const view = new DataView(frame.buffer);
  frame[0] = 0x80 | kind;
  frame[1] = (mask ? 0x80 : 0) | (extended === 0 ? length : extended === 2 ? 126 : 127);
  if (extended === 2) view.setUint16(2, length);
  if (extended === 8) view.setBigUint64(2, BigInt(length));
  const start = frame.byteLength - length;
  frame.set(payload, start);
  if (mask) {
    frame.set(mask, start - 4);
    for (let at = 0; at < length; at++) frame[start + at] = (payload[at] ?? 0) ^ (mask[at % 4] ?? 0);
  }
  return frame;
}

/**
 * Cuts a server's bytes into frames, however they were split. Throws `FrameError` for masked frames, reserved bits and
 * frames larger than `maxBytes`, before their payload is collected.
 */
export function createFrameReader(maxBytes: number): (bytes: Uint8Array) => Frame[] {
  let pieces: Uint8Array[] = [];
  let size = 0;
  // Bytes needed before it is worth looking again: large frames are joined once, not with every piece.
  let needed = 2;

  return (bytes) => {
    pieces.push(bytes);
    size += bytes.byteLength;
    const frames: Frame[] = [];
    while (size >= needed) {
      const all = join(pieces, size);
      const head = readHead(all, maxBytes);
      if (head === null || all.byteLength < head.start + head.length) {
        needed = head === null ? all.byteLength + 1 : head.start + head.length;
        pieces = [all];
        continue;
      }
      const end = head.start + head.length;
      frames.push({ fin: head.fin, opcode: head.opcode, payload: all.slice(head.start, end) });
      pieces = [all.subarray(end)];
      size = all.byteLength - end;
      needed = 2;
    }
    return frames;
  };
}

interface Head {
  readonly fin: boolean;
  readonly opcode: number;
  readonly start: number;
  readonly length: number;
}

function readHead(bytes: Uint8Array, maxBytes: number): Head | null {
  const [first = 0, second = 0] = bytes;
  if ((first & 0x70) !== 0) throw new FrameError(1002, "reserved bits are set");
  if ((second & 0x80) !== 0) throw new FrameError(1002, "a server's frame is masked");
  const short = second & 0x7f;
  const start = short === 126 ? 4 : short === 127 ? 10 : 2;
  if (bytes.byteLength < start) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = short === 126 ? view.getUint16(2) : short === 127 ? Number(view.getBigUint64(2)) : short;
  if (length > maxBytes) throw new FrameError(1009, `a message is larger than ${maxBytes} bytes`);
  const kind = first & 0x0f;
  const fin = (first & 0x80) !== 0;
  if (kind >= 8 && (!fin || length > 125)) throw new FrameError(1002, "a control frame is cut or too long");
  return { fin, opcode: kind, start, length };
}

function join(pieces: readonly Uint8Array[], size: number): Uint8Array {
  const [only] = pieces;
  if (pieces.length === 1 && only) return only;
  const all = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.byteLength;
  }
  return all;
}
