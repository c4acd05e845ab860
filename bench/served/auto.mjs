import { createServer } from "node:http";

const hello = () => createServer((_request, response) => response.end("hello"));
const forwarded = () => createServer((request, response) => response.end(request.headers["x-forwarded-for"]));

const APPS = {
  "plain, hello": hello,
  "plain again, hello": hello,
  "preload, hello": hello,
  "plain, header": forwarded,
  "plain again, header": forwarded,
  "preload, header": forwarded,
};

/** The one that is asked for, in a process of its own: the preload covers every server of a process. */
export async function apps(only) {
  if (only.startsWith("preload")) {
    process.env.WHEREFROM_POLICY = "trust=loopback from=x-forwarded-for";
    await import("@wherefrom/auto");
  }
  return { [only]: APPS[only]() };
}
