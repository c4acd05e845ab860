import type { Policy, PolicySource } from "@wherefrom/core";
import { anything, checkOptions, type Shape, type Shapes, text } from "@wherefrom/core/internal";
import { requirePolicy } from "@wherefrom/net/internal";
import { TOKEN_LEAST_BYTES } from "../protocol/keys.ts";
import { armMs } from "../protocol/report.ts";

/** How a service answers the command `wherefrom doctor`. */
export interface DoctorOptions {
  /** A secret of 16 bytes or more, which the command is given as well: `openssl rand -hex 16`. Take it from the environment. Without one the handler is off. */
  readonly token?: string | undefined;
  /** For how long probes are answered from the start on: "90s", "15m", "2h", up to "24h". Without it the handler is silent until the local socket arms it. */
  readonly arm?: string | undefined;
  /**
   * Path of a local socket, which only this user can open: it arms the handler, and tells which connections were refused. Where another process listens there already, this one listens at the path with
   * its process id behind (`/run/app/doctor.sock.4711`).
   */
  readonly socket?: string | undefined;
  /** The policy that probes are told about. Default: that of a middleware, or of `wherefrom(server, policy)`. Name it where a process has several, and the handler stands before the middleware. */
  readonly policy?: Policy | PolicySource | undefined;
}

/** Longest path of a socket, in bytes: sun_path of Linux has 108, and a process id may come behind. */
const PATH_LIMIT_BYTES = 96;

export const TOKEN: Shape = {
  expected: `a secret of ${TOKEN_LEAST_BYTES} bytes or more, such as "openssl rand -hex 16" prints`,
  fits: (value) => typeof value === "string" && Buffer.byteLength(value) >= TOKEN_LEAST_BYTES,
};

export const SOCKET_PATH: Shape = {
  expected: `a path of ${PATH_LIMIT_BYTES} bytes or less`,
  fits: (value) => text.fits(value) && Buffer.byteLength(value as string) <= PATH_LIMIT_BYTES,
  isPublic: true,
};

const ARM: Shape = {
  expected: `a time such as "90s", "15m" or "2h", of 24 hours or less`,
  fits: (value) => typeof value === "string" && armMs(value) !== undefined,
  isPublic: true,
};

const SHAPES: Shapes<DoctorOptions> = { token: TOKEN, arm: ARM, socket: SOCKET_PATH, policy: anything };

/** Throws for options that are wrong, `ERR_WHEREFROM_NO_POLICY` for what is no policy. */
export function checkDoctorOptions(options: unknown): asserts options is DoctorOptions {
  checkOptions<DoctorOptions>("doctor(options)", options, SHAPES);
  const { policy } = options;
  if (policy !== undefined) requirePolicy("doctor({ policy })", policy);
}
