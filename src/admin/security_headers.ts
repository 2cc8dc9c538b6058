/**
 * What every answer says to browsers.
 *
 * @module
 */

/**
 * Nothing from elsewhere, no inline scripts or styles, no frames, nothing told to others (with `no-referrer` a
 * browser would send `Origin: null` with our own forms). HSTS (RFC 6797)
 * counts for whoever came with a certificate that his browser trusts.
 */
export const securityHeaders = {
  "Content-Security-Policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; " +
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  "Strict-Transport-Security": "max-age=31536000",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Referrer-Policy": "same-origin",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
} as const;
