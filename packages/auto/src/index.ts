import { preload } from "./preload.ts";

/**
 * Loading this module puts every server of the process under the policy of the environment: `node --import @wherefrom/auto server.js`. Fulfilled when the policy is in force, which `--import` waits for. The process
 * ends with code 78 where the environment says nothing, too much, or something wrong.
 */
export const ready: Promise<void> = preload();
