/** Headers in which products tell a client's address: each is made up once on every run. */
export const CARRIER_NAMES: readonly string[] = [
  "x-forwarded-for",
  "forwarded",
  "x-real-ip",
  "cf-connecting-ip",
  "true-client-ip",
  "x-client-ip",
  "x-cluster-client-ip",
  "x-envoy-external-address",
  "fastly-client-ip",
  "fly-client-ip",
  "x-azure-clientip",
  "x-azure-socketip",
  "x-appengine-user-ip",
  "do-connecting-ip",
  "eo-connecting-ip",
  "ali-cdn-real-ip",
  "cloudfront-viewer-address",
  "x-original-forwarded-for",
];

/** A header's value that names one address, in the form of the header. */
export function carrierValue(carrier: string, address: string): string {
  if (carrier === "forwarded") return `for=${address}`;
  return carrier === "cloudfront-viewer-address" ? `${address}:4321` : address;
}
