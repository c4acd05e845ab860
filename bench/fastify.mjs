// What the adapter costs a whole request: the same app with Fastify's own `trustProxy`, and with @wherefrom/fastify.
import { compareFramework } from "./request-cost.mjs";

export function measure() {
  return compareFramework("fastify", "its own trustProxy");
}
