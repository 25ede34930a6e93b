// Proofs that a request comes from the holder of a key (DPoP, RFC 9449).
// Invariant: a proof is for one request: its method, its URL without query, its token, this second.

/** The request that a proof is for. */
export interface Target {
  method: string;
  url: string;
  token?: string;
  nonce?: string;
}

export const base64url = (bytes: ArrayBuffer | Uint8Array): string =>
  btoa(String.fromCharCode(...new Uint8Array(bytes))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

const text = (value: unknown): string => base64url(new TextEncoder().encode(JSON.stringify(value)));

/** A proof of `key` (P-256) for one request. */
export async function proof(key: CryptoKeyPair, target: Target): Promise<string> {
  const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", key.publicKey);
  const url = new URL(target.url);
  const claims: Record<string, unknown> = {
    jti: crypto.randomUUID(),
    htm: target.method,
    htu: `${url.origin}${url.pathname}`,
    iat: Math.floor(Date.now() / 1000),
  };
  if (target.nonce) claims["nonce"] = target.nonce;
  if (target.token) {
    claims["ath"] = base64url(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(target.token)));
  }
  const signed = `${text({ alg: "ES256", typ: "dpop+jwt", jwk: { kty, crv, x, y } })}.${text(claims)}`;
  const algorithm = { name: "ECDSA", hash: "SHA-256" };
  const signature = await crypto.subtle.sign(algorithm, key.privateKey, new TextEncoder().encode(signed));
  return `${signed}.${base64url(signature)}`;
}
