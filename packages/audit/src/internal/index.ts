/** For wherefrom's own command, tests and measurements. It may change in any release. */
export { DENY_FORMATS } from "../formats/deny-list.ts";
export { ECS_VERSION, formatEcsLine } from "../formats/ecs.ts";
export { SYSLOG_DATAGRAM_BYTES } from "../sinks/syslog.ts";
export { TrafficWindow } from "../traffic/traffic-window.ts";
export { addressKeys, userKeys } from "../logins/redis-keys.ts";
