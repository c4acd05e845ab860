type Payload = string | NodeJS.ArrayBufferView | readonly (string | NodeJS.ArrayBufferView)[];

/** The arguments of node:dgram's `send` in their many orders, told apart as it does. */
export interface SendArguments {
  readonly payload: Payload;
  /** Undefined on a connected socket. */
  readonly port: number | undefined;
  readonly address: string | undefined;
  readonly callback: unknown;
}

/**
 * send(msg, port, address?, callback?), send(msg, offset, length, port, address?, callback?); of a connected socket send(msg, callback?) and
 * send(msg, offset, length, callback?). Undefined for what is none of these, and for node:dgram to complain of.
 */
export function readSendArguments(values: readonly unknown[], isConnected: boolean): SendArguments | undefined {
  const [message, first, second, third, fourth, fifth] = values;
  const isSliced = isConnected
    ? typeof second === "number"
    : Boolean(fourth) || (Boolean(third) && typeof third !== "function");
  const payload = isSliced ? slice(message, first, second) : (message as Payload);
  if (payload === undefined) return undefined;
  if (isConnected) return { payload, port: undefined, address: undefined, callback: isSliced ? third : first };
  const [port, address, callback] = isSliced ? [third, fourth, fifth] : [first, second, third];
  const isCalled = typeof address === "function";
  return {
    payload,
    port: Number(port),
    address: typeof address === "string" ? address : undefined,
    callback: isCalled ? address : callback,
  };
}

function slice(message: unknown, offset: unknown, length: unknown): Payload | undefined {
  if (typeof message === "string") return slice(Buffer.from(message), offset, length);
  if (!ArrayBuffer.isView(message) || typeof offset !== "number" || typeof length !== "number") return undefined;
  if (offset < 0 || length < 0 || offset + length > message.byteLength) return undefined;
  return Buffer.from(message.buffer, message.byteOffset + offset, length);
}

/** The same payload behind a header, as the list that `send` gathers. */
export function prepend(header: Uint8Array, payload: Payload): readonly (string | NodeJS.ArrayBufferView)[] {
  return Array.isArray(payload) ? [header, ...(payload as readonly string[])] : [header, payload as string];
}
