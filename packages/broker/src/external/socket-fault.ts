/** Why a connection cannot be made or ended, as the end of a sentence. */
export function socketFault(thrown: unknown): string {
  const { code, message } = thrown as { code?: unknown; message?: unknown };
  switch (code) {
    case 'ECONNREFUSED':
      return 'nothing listens there';
    case 'ETIMEDOUT':
      return 'it does not answer';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'the name is not known';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return 'there is no route to it';
    case 'ECONNRESET':
    case 'EPIPE':
      return 'it cut the connection';
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
      return 'its certificate comes from an authority that is not known here; broker.ca names it';
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return 'its certificate is for another name';
    case 'CERT_HAS_EXPIRED':
      return 'its certificate has expired';
    default:
      return String(message ?? thrown).replace(/\.$/, '');
  }
}
