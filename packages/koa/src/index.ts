export { getClient, getClientIp } from "./client.ts";
export { wherefrom } from "./wherefrom.ts";
