import { request, type RequestOptions } from "node:https";

/** What a request for a list has brought. `text` is undefined where the server says that nothing has changed since `etag`. */
export interface HttpsAnswer {
  readonly text: string | undefined;
  readonly etag: string | undefined;
}

export interface HttpsRequest {
  /** Of the last answer; then the server need not send the list again. */
  readonly etag: string | undefined;
  /** The form that is posted; undefined for GET. */
  readonly body?: string | undefined;
  /** Certificate authorities, as `node:tls` takes them. Default: the system's. */
  readonly ca: string | undefined;
  readonly signal: AbortSignal;
}

/** Largest answer, in bytes: AWS's ip-ranges.json and Azure's ServiceTags have 2 to 5 MiB. */
const SIZE_LIMIT_BYTES = 16_777_216;
/** How long the whole answer may take, in milliseconds. */
const TIMEOUT_MS = 20_000;
/** Redirects that are followed: a path that moved, and moved again. */
const REDIRECT_LIMIT = 3;
const REDIRECTS: readonly (number | undefined)[] = [301, 302, 303, 307, 308];

/** Reads a text by HTTPS. Follows redirects to the same host alone, and refuses an answer that is too long, late, cut, or no 200. Rejects with what is wrong. */
export async function readHttps(url: URL, options: HttpsRequest): Promise<HttpsAnswer> {
  let at = url;
  for (let redirects = 0; redirects <= REDIRECT_LIMIT; redirects++) {
    const answer = await ask(at, options);
    if (!("location" in answer)) return answer;
    const next = URL.canParse(answer.location, at.href) ? new URL(answer.location, at) : undefined;
    if (next === undefined || next.protocol !== "https:" || next.host !== url.host) {
      throw new Error(`it redirects to ${next?.origin ?? "nowhere"}, and only ${url.origin} is asked`);
    }
    at = next;
  }
  throw new Error(`it has redirected ${REDIRECT_LIMIT + 1} times`);
}

function ask(url: URL, { etag, body, ca, signal }: HttpsRequest): Promise<HttpsAnswer | { readonly location: string }> {
  return new Promise((resolve, reject) => {
    const headers = {
      accept: "application/json, text/plain, */*",
      "accept-encoding": "identity",
      ...(etag !== undefined && { "if-none-match": etag }),
      ...(body !== undefined && { "content-type": "application/x-www-form-urlencoded" }),
    };
    const options: RequestOptions = {
      method: body === undefined ? "GET" : "POST",
      headers,
      agent: false,
    };
    if (ca !== undefined) options.ca = ca;
    // Node's own option "signal" ends with the request, and not with its answer.
    const end = (reason: string): void => {
      reject(new Error(reason));
      asked.destroy();
    };
    const close = (): void => end("the source was closed");
    const timer = setTimeout(() => end(`no whole answer came within ${TIMEOUT_MS / 1000} s`), TIMEOUT_MS);
    signal.addEventListener("abort", close);
    const asked = request(url, options, (response) => {
      const { statusCode, headers: told } = response;
      if (REDIRECTS.includes(statusCode) && told.location !== undefined) {
        response.resume();
        return resolve({ location: told.location });
      }
      if (statusCode === 304 && etag !== undefined) {
        response.resume();
        return resolve({ text: undefined, etag });
      }
      if (statusCode !== 200) {
        asked.destroy();
        return reject(new Error(`the server answers ${statusCode}`));
      }
      const { "content-encoding": encoding = "identity" } = told;
      if (encoding !== "identity") {
        asked.destroy();
        return reject(new Error(`its answer is compressed (${encoding}), which was not asked for`));
      }
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes <= SIZE_LIMIT_BYTES) return void chunks.push(chunk);
        asked.destroy();
        reject(new Error(`its answer is longer than ${SIZE_LIMIT_BYTES} bytes`));
      });
      response.on("end", () => {
        if (!response.complete) return reject(new Error("its answer ends before its end"));
        resolve({ text: Buffer.concat(chunks).toString("utf8"), etag: told.etag });
      });
      // Node's own word for an answer that is shorter than its Content-Length is "aborted".
      response.on("error", (error: NodeJS.ErrnoException) =>
        reject(error.code === "ECONNRESET" ? new Error("its answer ends before its end", { cause: error }) : error),
      );
    });
    asked.on("error", reject);
    asked.on("close", () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", close);
    });
    if (signal.aborted) close();
    asked.end(body);
  });
}
