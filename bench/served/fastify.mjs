import { compilePolicy } from "@wherefrom/core";
import { wherefrom } from "@wherefrom/fastify";
import fastify from "fastify";
import { TRUSTED } from "../harness/requests.mjs";

/** The framework's own way to trust proxies, which the adapter is compared to. */
export const SETTING = "its own trustProxy";

async function app(options, plugin, answer) {
  const made = fastify(options);
  if (plugin !== undefined) await made.register(plugin);
  made.get("/", answer);
  await made.ready();
  return (request, response) => made.routing(request, response);
}

const own = { trustProxy: TRUSTED };
const ours = () => wherefrom(compilePolicy({ trust: TRUSTED, from: "x-forwarded-for" }));
const withAddress = (request, reply) => reply.send(request.ip);
const without = (_request, reply) => reply.send("hello");

export function apps() {
  return {
    "own, ip": app(own, undefined, withAddress),
    "own again, ip": app(own, undefined, withAddress),
    "wherefrom, ip": app({}, ours(), withAddress),
    "own, hello": app(own, undefined, without),
    "own again, hello": app(own, undefined, without),
    "wherefrom, hello": app({}, ours(), without),
  };
}
