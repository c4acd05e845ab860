import type { Policy, PolicySource, Resolution } from "@wherefrom/core";
import type { Normalizer } from "@wherefrom/core/internal";
import { askableRequest } from "../connection/askable.ts";
import { keepOriginal, keptOriginal, originalOf } from "../connection/original.ts";
import { socketOf } from "../connection/session-sockets.ts";
import { connectionFor } from "../connection/connection-for.ts";
import type { RequestLike } from "../connection/source.ts";
import { attach } from "./attach.ts";
import { hookTrailers, tellFault } from "./header-lines.ts";
import type { Normalizing } from "./normalizing.ts";

type Fields = Record<string, string | readonly string[] | undefined>;

/** What of a request can be changed. Requests of node:http have all of it, those of node:http2 and of doubles a part. */
interface Changeable {
  readonly headers: Fields;
  readonly rawHeaders?: string[];
  headersDistinct?: Record<string, string[]>;
  readonly trailers?: Fields;
  readonly rawTrailers?: string[];
  readonly stream?: { prependListener?: (event: string, listener: (...values: never[]) => void) => unknown } | null;
}

/**
 * `attach`, for a middleware that also normalises: what stands behind it sees headers that the policy proves, in `headers`, `rawHeaders` and `headersDistinct`, and no trailer that looks like an address. What stood before
 * it has seen the client's own. Asked about again, the request answers by what came.
 */
export function attachNormalized(
  request: RequestLike,
  given: Policy | PolicySource,
  normalizing: Normalizing,
): Resolution {
  const asked = askableRequest("attach", request);
  const headers = asked.headers as Fields;
  const rawHeaders = asked.rawHeaders as string[] | undefined;
  if (keptOriginal(asked) === undefined)
    keepOriginal(asked, { headers: { ...headers }, rawHeaders: rawHeaders?.slice() });
  const resolution = attach(asked, given);
  const changeable = asked as unknown as Changeable;
  try {
    const normalizer = normalizing.under(resolution.policy);
    const connection = connectionFor(resolution.policy, socketOf(asked));
    const lines = normalizer.linesOf(resolution, originalOf(asked).headers, connection.claims.length > 0);
    replaceLines(changeable, normalizer, lines);
    replaceTrailers(changeable, normalizer);
  } catch (error) {
    tellFault(error);
    removeAll(changeable, normalizing);
  }
  return resolution;
}

/** What is frozen stays as it is: it was made by a test or a shim, and not by a client. */
function removeAll(request: Changeable, { bare }: Normalizing): void {
  try {
    replaceLines(request, bare, []);
  } catch {
    // `tellFault` has said why.
  }
}

/** The objects stay the same: frameworks have taken them into objects of their own. */
export function replaceLines(request: Changeable, normalizer: Normalizer, lines: readonly string[]): void {
  const { headers, rawHeaders } = request;
  const isHttp2 = rawHeaders?.[0]?.startsWith(":") === true;
  replaceFields(headers, normalizer, lines);
  if (rawHeaders === undefined) return;
  const written = isHttp2 ? lines.map((text, index) => (index % 2 === 0 ? text.toLowerCase() : text)) : lines;
  const kept = [...normalizer.strip(rawHeaders, rawHeaders.length), ...written];
  // node:http counts the lines that came, and would read so many of the fewer ones.
  if (!isHttp2 && "headersDistinct" in request) request.headersDistinct = distinct(kept);
  rawHeaders.splice(0, rawHeaders.length, ...kept);
}

/** The same of one object of headers. */
export function replaceFields(headers: Fields, normalizer: Normalizer, lines: readonly string[]): void {
  for (const name of Object.keys(headers)) if (normalizer.removes(name)) delete headers[name];
  for (let index = 0; index + 1 < lines.length; index += 2)
    headers[(lines[index] as string).toLowerCase()] = lines[index + 1];
}

function replaceTrailers(request: Changeable, normalizer: Normalizer): void {
  const { trailers, rawTrailers, stream } = request;
  hookTrailers(request, normalizer);
  if (typeof stream?.prependListener === "function") {
    stream.prependListener("trailers", (fields: Fields, _flags: number, raw: string[] | undefined) =>
      stripTrailers(fields, raw, normalizer),
    );
  }
  if (trailers !== undefined && trailers !== null) stripTrailers(trailers, rawTrailers, normalizer);
}

/** Changes the objects that Node made. */
export function stripTrailers(fields: Fields, raw: string[] | undefined, normalizer: Normalizer): void {
  for (const name of Object.keys(fields)) if (normalizer.removes(name)) delete fields[name];
  if (raw === undefined || raw.length === 0) return;
  const kept = normalizer.strip(raw, raw.length);
  raw.splice(0, raw.length, ...kept);
}

function distinct(lines: readonly string[]): Record<string, string[]> {
  const fields = Object.create(null) as Record<string, string[]>;
  for (let index = 0; index + 1 < lines.length; index += 2) {
    const name = (lines[index] as string).toLowerCase();
    (fields[name] ??= []).push(lines[index + 1] as string);
  }
  return fields;
}
