import { defineErrors } from '@omh/core';

/** Every error of the namespace that a person can meet. */
export const errors = defineErrors({
  NAMESPACE_NOT_ALLOWED: {
    blame: 'caller',
    text: '{principal} may not write {path}.',
    causes: ['Without tag.write on the path nobody writes, whatever the topic rules of the broker allow.'],
    next: 'Let an administrator grant tag.write on {path}.',
    status: 403,
  },
  NAMESPACE_PAYLOAD: {
    blame: 'caller',
    text: 'The payload for {path} is not understood: {fault}.',
    next: 'Send a JSON value, or an object with v and, where it is asked for, reason.',
  },
  NAMESPACE_WRITE_FAILED: {
    blame: 'us',
    text: 'The write to {path} ended unexpectedly: {detail}.',
    next: 'Try again; the log has more.',
  },
});
