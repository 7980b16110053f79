import { defineErrors } from '@omh/core';

export const errors = defineErrors({
  ACCESS_TOKEN_SHORT: {
    blame: 'config',
    text: 'The admin token has {length} characters; it needs {needed} or more.',
    causes: ['OMH_ADMIN_TOKEN holds a short word that can be guessed.'],
    next: 'Put a longer random text into OMH_ADMIN_TOKEN, for example the output of: openssl rand -base64 32',
  },
  ACCESS_TOO_MANY_CODES: {
    blame: 'caller',
    status: 429,
    text: '{count} sign-in codes wait to be used; no more are made.',
    next: 'Use one of the codes or wait until they expire.',
  },
});
