import { defineErrors } from '@omh/core';

export const errors = defineErrors({
  DASHBOARD_RANGE: {
    blame: 'caller',
    text: 'The time range from {from} to {to} in steps of {intervalMs} ms is none.',
    next: 'Give from and to in milliseconds, from not after to, and a step of 1 ms or more.',
  },
  DASHBOARD_MACRO: {
    blame: 'config',
    text: 'The macro {macro} does not exist or is used wrongly.',
    causes: ['$__timeFilter needs one plain column name in brackets.'],
    next: 'Use $__timeFilter(column), $__from, $__to or $__interval.',
  },
});
