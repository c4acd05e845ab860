export { getClient, getClientIp } from "@wherefrom/net";
export { wherefrom } from "./wherefrom.ts";
