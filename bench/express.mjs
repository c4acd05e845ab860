// What the adapter costs a whole request: the same app with Express's own `trust proxy`, and with @wherefrom/express.
import { compareFramework } from "./request-cost.mjs";

export function measure() {
  return compareFramework("express", "its own trust proxy");
}
