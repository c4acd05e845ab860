import { compilePolicy } from "@wherefrom/core";
import { wherefrom } from "@wherefrom/koa";
import Koa from "koa";
import { TRUSTED } from "../harness/requests.mjs";

/** The framework's own way to trust proxies, which the adapter is compared to. */
export const SETTING = "its own proxy setting";

function app(options, middleware, answer) {
  const made = new Koa(options);
  if (middleware !== undefined) made.use(middleware);
  made.use(answer);
  return made.callback();
}

const own = { proxy: true, maxIpsCount: 1 };
const ours = () => wherefrom(compilePolicy({ trust: TRUSTED, from: "x-forwarded-for" }));
const withAddress = (context) => void (context.body = context.ip);
const without = (context) => void (context.body = "hello");

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
