import type { RuleOptions } from "../policy.ts";
import type { OwnProxyOptions } from "./own-proxy.ts";
import { type SharedRangeOptions, sharedRangeRule } from "./shared-range.ts";

/**
 * CloudFront: CloudFront-Viewer-Address, `address:port` with IPv6 without brackets, overwritten; it must be enabled in the origin request policy.
 * Ranges: ip-ranges.json, service CLOUDFRONT_ORIGIN_FACING. Demand a custom origin header of your distribution.
 */
export function cloudfront(options: SharedRangeOptions): RuleOptions {
  return sharedRangeRule("cloudfront", "cloudfront-viewer-address", options);
}

/** CloudFront by X-Forwarded-For, to which it appends the viewer. */
export function cloudfrontForwardedFor(options: SharedRangeOptions): RuleOptions {
  return sharedRangeRule("cloudfront", "x-forwarded-for", options);
}

/** Application Load Balancer in the mode `append` (the default), with or without the client's port. Its peers are your own subnets. In `preserve` the client writes the list: do not use it. */
export function awsAlb({ peers }: OwnProxyOptions): RuleOptions {
  return { name: "aws-alb", peers, says: "x-forwarded-for" };
}

/** API Gateway HTTP APIs send Forwarded, and no X-Forwarded-For. Its peers are the private integration's (VPC link) addresses. */
export function awsHttpApi({ peers }: OwnProxyOptions): RuleOptions {
  return { name: "aws-http-api", peers, says: "forwarded" };
}
