import type { Socket } from "node:net";

/** The first bytes that a connection was answered with, or that it was closed before. */
export interface HandoverAnswer {
  readonly isClosed: boolean;
  /** Of the status line, where the first bytes are one (RFC 9112, 4). */
  readonly status: number | undefined;
}

/** With what differs between the two, and between versions of Node: the first value is a chunk, or a list of chunks. */
type Write = (this: Socket, ...values: readonly unknown[]) => void;

const STATUS_LINE = /^HTTP\/1\.[01] (\d{3})/;

/**
 * Tells once what an upgrade or a CONNECT was answered with. node:http has no event for it: the listener writes bytes. They pass through `_write` or `_writev`, which
 * every stream calls on itself.
 */
export function whenAnswered(socket: Socket, tell: (answer: HandoverAnswer) => void): void {
  const methods = socket as unknown as { _write: Write; _writev?: Write };
  const { _write, _writev } = methods;
  const settle = (answer: HandoverAnswer): void => {
    methods._write = _write;
    if (_writev !== undefined) methods._writev = _writev;
    socket.removeListener("close", close);
    tell(answer);
  };
  const close = (): void => settle({ isClosed: true, status: undefined });
  methods._write = function (...values) {
    settle({ isClosed: false, status: statusOf(values[0]) });
    Reflect.apply(_write, this, values);
  };
  if (_writev !== undefined) {
    methods._writev = function (...values) {
      const [first] = values[0] as readonly { readonly chunk: unknown }[];
      settle({ isClosed: false, status: statusOf(first?.chunk) });
      Reflect.apply(_writev, this, values);
    };
  }
  socket.once("close", close);
}

function statusOf(chunk: unknown): number | undefined {
  const text =
    chunk instanceof Uint8Array ? Buffer.from(chunk.buffer, chunk.byteOffset, Math.min(chunk.length, 12)) : chunk;
  const status = STATUS_LINE.exec(String(text))?.[1];
  return status === undefined ? undefined : Number(status);
}
