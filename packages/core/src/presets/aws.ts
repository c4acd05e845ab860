import { checkOptions } from "../options/check.ts";
import { listOf, oneOf, required, type Shapes, text } from "../options/shape.ts";
import type { RuleOptions } from "../policy/rule.ts";
import { ORIGIN, type OwnProxyOptions, ownProxy } from "./own-proxy.ts";
import { type SharedRangeOptions, sharedRangeRule } from "./shared-range.ts";

/** CloudFront overwrites its own header, if the origin request policy has it; X-Forwarded-Proto is the viewer's (CloudFront developer guide, "CloudFront request headers"). */
const CLOUDFRONT_ORIGIN = ["cloudfront-forwarded-proto"] as const;

/**
 * CloudFront: CloudFront-Viewer-Address, `address:port` with IPv6 without brackets, overwritten; it must be enabled in the origin request policy.
 * Ranges: ip-ranges.json, service CLOUDFRONT_ORIGIN_FACING. Demand a custom origin header of your distribution.
 */
export function cloudfront(options: SharedRangeOptions): RuleOptions {
  return sharedRangeRule("cloudfront", "cloudfront-viewer-address", options, CLOUDFRONT_ORIGIN);
}

/** CloudFront by X-Forwarded-For, to which it appends the viewer. Ranges: ip-ranges.json, service CLOUDFRONT_ORIGIN_FACING. Demand a custom origin header of your distribution. */
export function cloudfrontForwardedFor(options: SharedRangeOptions): RuleOptions {
  return sharedRangeRule("cloudfront", "x-forwarded-for", options, CLOUDFRONT_ORIGIN);
}

/**
 * Application Load Balancer in the mode `append` (the default), with or without the client's port. Its peers are your own subnets. In `preserve` the client writes the list: do not use it.
 * It writes X-Forwarded-Proto and -Port, and passes on X-Forwarded-Host (user guide, "HTTP headers and Application Load Balancers").
 */
export function awsAlb(options: OwnProxyOptions): RuleOptions {
  const { peers, origin = ["x-forwarded-proto", "x-forwarded-port"] } = ownProxy("awsAlb", options);
  return { name: "aws-alb", peers, says: "x-forwarded-for", origin };
}

/** API Gateway HTTP APIs send Forwarded, and no X-Forwarded-For. Its peers are the private integration's (VPC link) addresses. */
export function awsHttpApi(options: OwnProxyOptions): RuleOptions {
  const { peers, origin = [] } = ownProxy("awsHttpApi", options);
  return { name: "aws-http-api", peers, says: "forwarded", origin };
}

/** Classic Load Balancer (ELB) with an HTTP or HTTPS listener: appends the client to X-Forwarded-For, and writes X-Forwarded-Proto and -Port (user guide, "HTTP headers and Classic Load Balancers"). */
export function awsClassicElb(options: OwnProxyOptions): RuleOptions {
  const { peers, origin = ["x-forwarded-proto", "x-forwarded-port"] } = ownProxy("awsClassicElb", options);
  return { name: "aws-classic-elb", peers, says: "x-forwarded-for", origin };
}

/** Of which type the API is. */
export interface AwsRestApiOptions extends OwnProxyOptions {
  /** The API's endpoint type. "edge": an edge-optimised one, whose CloudFront edge stands behind the client in the list. Default "regional". */
  readonly endpoint?: "regional" | "edge";
}

const REST_API_SHAPES: Shapes<AwsRestApiOptions> = {
  peers: required(listOf(text)),
  origin: ORIGIN,
  endpoint: oneOf("regional", "edge"),
};

/** API Gateway REST APIs with an HTTP integration: X-Forwarded-For. Its peers are the VPC link's addresses. "edge" for a regional API is an open door: the client writes the second element from the right. */
export function awsRestApi(options: AwsRestApiOptions): RuleOptions {
  checkOptions<AwsRestApiOptions>("awsRestApi", options, REST_API_SHAPES, "ERR_WHEREFROM_INVALID_POLICY");
  const { peers, endpoint = "regional", origin = [] } = options;
  const says = endpoint === "edge" ? { header: "x-forwarded-for", skip: 1 } : "x-forwarded-for";
  return { name: "aws-rest-api", peers, says, origin };
}
