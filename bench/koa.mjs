// What the adapter costs a whole request: the same app with Koa's own `proxy`, and with @wherefrom/koa.
import { compareFramework } from "./request-cost.mjs";

export function measure() {
  return compareFramework("koa", "its own proxy setting");
}
