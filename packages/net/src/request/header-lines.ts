import { IncomingMessage } from "node:http";
import type { Server, Socket } from "node:net";
import { type Resolution, resolve } from "@wherefrom/core";
import { markProbe, type Normalizer } from "@wherefrom/core/internal";
import { connectionFor } from "../connection/connection-for.ts";
import { linesCutAt } from "../connection/header-limit.ts";
import { isLookDue, lookAtRequest } from "../connection/header-watch.ts";
import { keepResolution, keptResolution } from "../connection/kept.ts";
import { warnProcess } from "../connection/notice.ts";
import { keepOriginal, OriginalLines, originalOf } from "../connection/original.ts";
import { isProbeRequest } from "../connection/probe.ts";
import { policyOf } from "../connection/policy-of.ts";
import { shared } from "../connection/shared.ts";
import type { SocketLike } from "../connection/source.ts";
import { normalizingOf, type Normalizing } from "./normalizing.ts";

type AddLines = (this: IncomingMessage, lines: string[] | undefined, count: number) => void;

/** Undocumented: what node:http calls with the lines of a request before anything has seen it, and once more with those of its trailers. Nothing else in wherefrom looks at it. */
interface LineTaker {
  _addHeaderLines: AddLines;
}

/** On a request whose trailers alone are normalised here: who removes what of them. */
const TRAILERS: unique symbol = Symbol.for("wherefrom.trailers");

interface Marked {
  [TRAILERS]?: Normalizer;
}

/** One for all copies of this package. `adopt` is the preload's: it is shown each server whose request comes, and may put it under a policy. */
const hook = shared("header-lines", () => ({
  isSet: false,
  adopt: undefined as ((server: Server, socket: Socket) => void) | undefined,
}));

/** From now on node:http's requests are normalised where their server says so: before any listener, for upgrades, CONNECT and `Expect` too. At most once a process. */
export function hookHeaderLines(): void {
  if (hook.isSet) return;
  hook.isSet = true;
  const prototype = IncomingMessage.prototype as unknown as LineTaker;
  const addLines = prototype._addHeaderLines;
  prototype._addHeaderLines = function (lines, count) {
    const { socket } = this as { readonly socket?: Socket | null };
    const { server } = (socket ?? {}) as { readonly server?: Server | null };
    if (server === undefined || server === null || lines === undefined) return addLines.call(this, lines, count);
    if (hook.adopt !== undefined) hook.adopt(server, socket as Socket);
    const normalizing = normalizingOf(server);
    if (normalizing === undefined) {
      const trailers = this.complete ? (this as Marked)[TRAILERS] : undefined;
      if (trailers === undefined) return addLines.call(this, lines, count);
      const kept = trailers.strip(lines, count);
      return addLines.call(this, kept, kept.length);
    }
    const seen = seenLines(this, normalizing, lines, count, socket as SocketLike);
    addLines.call(this, seen, seen.length);
    if (!this.complete) lookAtNormalized(this);
  };
}

/** Whether the hook is there, whichever copy of this package has set it. */
export function onServerSeen(adopt: (server: Server, socket: Socket) => void): void {
  hook.adopt = adopt;
}

/** The trailers of a request that is normalised without its server are, too. */
export function hookTrailers(request: object, normalizer: Normalizer): void {
  (request as Marked)[TRAILERS] = normalizer;
}

/** The lines that the application sees. Without a policy, and after a fault of ours, they are those that look like no address. */
function seenLines(
  request: IncomingMessage,
  normalizing: Normalizing,
  lines: readonly string[],
  count: number,
  socket: SocketLike,
): string[] {
  try {
    const policy = policyOf(socket);
    if (policy === undefined) return normalizing.bare.strip(lines, count);
    const normalizer = normalizing.under(policy);
    if (request.complete) return normalizer.strip(lines, count);
    const { evidence, kept } = normalizer.sift(lines, count);
    const connection = connectionFor(policy, socket);
    const headersCutAt = linesCutAt(lines, socket);
    const resolution: Resolution = resolve(
      { connection, headers: evidence, rawHeaders: lines, headersCutAt, target: request.url },
      policy,
    );
    for (const text of normalizer.linesOf(resolution, evidence, connection.claims.length > 0)) kept.push(text);
    keepResolution(request, resolution);
    keepOriginal(request, new OriginalLines(lines));
    return kept;
  } catch (error) {
    tellFault(error);
    return normalizing.bare.strip(lines, count);
  }
}

/** A probe of the doctor is marked, and any other request looked at where that is due. */
function lookAtNormalized(request: IncomingMessage): void {
  const resolution = keptResolution(request);
  if (resolution === undefined) return;
  if (isProbeRequest(request)) markProbe(resolution);
  else if (isLookDue()) lookAtRequest(request, originalOf(request).headers, resolution.policy, resolution);
}

let isFaultTold = false;

/** Said once: a fault of wherefrom's own, which must not let a client's text through. */
export function tellFault(error: unknown): void {
  if (isFaultTold) return;
  isFaultTold = true;
  const detail = `a request could not be normalised, and the application sees none of its address headers: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  warnProcess(detail, "WHEREFROM_NORMALIZE_FAULT");
}
