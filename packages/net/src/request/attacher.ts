import type { NormalizeOptions, Policy, PolicySource, Resolution } from "@wherefrom/core";
import { checkOptions, NORMALIZE, type Shapes } from "@wherefrom/core/internal";
import { requirePolicy } from "../connection/no-policy.ts";
import type { RequestLike } from "../connection/source.ts";
import { attach } from "./attach.ts";
import { attachNormalized } from "./normalized-request.ts";
import { compileNormalizing } from "./normalizing.ts";
import { requireHeaderLines } from "./self-test.ts";

/** What the middleware of every framework takes behind the policy. */
export interface MiddlewareOptions {
  /**
   * Whether what stands behind the middleware sees headers that the policy proves, and no others of their kind: address headers of clients are removed, and X-Forwarded-For and X-Real-IP are written with the client, or else the farthest
   * machine that could be verified. Default false.
   */
  readonly normalize?: boolean | NormalizeOptions | undefined;
}

const SHAPES: Shapes<MiddlewareOptions> = { normalize: NORMALIZE };

/** Attaches to a request, under a policy that may be a scope's own. */
export type Attacher = (request: RequestLike, policy: Policy | PolicySource) => Resolution;

/** `attach` as these options have it. Throws without a compiled policy, and for options that are wrong. */
export function compileAttacher(policy: Policy | PolicySource, options: MiddlewareOptions | undefined): Attacher {
  requirePolicy("wherefrom(policy)", policy);
  if (options === undefined) return attach;
  const subject = "wherefrom(policy, options)";
  checkOptions<MiddlewareOptions>(subject, options, SHAPES);
  const normalizing = compileNormalizing(subject, options.normalize);
  if (normalizing === undefined) return attach;
  // Trailers come behind the middleware.
  requireHeaderLines();
  return (request, given) => attachNormalized(request, given, normalizing);
}
