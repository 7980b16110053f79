/** How every pop-up of the console opens: below its button, ending with it, keeping the keyboard inside and giving it back. */
export const popUp = {
  position: 'bottom-end',
  trapFocus: true,
  returnFocus: true,
  transitionProps: { duration: 120 },
} as const;
