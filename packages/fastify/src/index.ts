export { trustFunction as trustProxy } from "@wherefrom/core";
export { getClient, getClientIp } from "./client.ts";
export { wherefrom } from "./wherefrom.ts";
