import './tokens.css';
import '@mantine/core/styles/baseline.css';
import '@mantine/core/styles/default-css-variables.css';
import '@mantine/core/styles/global.css';
import '@mantine/core/styles/UnstyledButton.css';
import '@mantine/core/styles/CloseButton.css';
import '@mantine/core/styles/Overlay.css';
import '@mantine/core/styles/Paper.css';
import '@mantine/core/styles/ScrollArea.css';
import '@mantine/core/styles/Popover.css';
import '@mantine/core/styles/ModalBase.css';
import '@mantine/core/styles/Modal.css';
import '@mantine/core/styles/Menu.css';
import 'uplot/dist/uPlot.min.css';
import './ui/console.css';
import { MantineProvider } from '@mantine/core';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { queryClient } from './api/queries.ts';
import { HandedOutPassword } from './app/change-password.tsx';
import { FirstAdmin } from './app/first-admin.tsx';
import { router } from './app/router.tsx';
import { openSession, useSession } from './app/session.ts';
import { SignIn, Unreachable } from './app/sign-in.tsx';
import { theme, variables } from './theme.ts';

function Console() {
  const session = useSession();
  switch (session.state) {
    case 'asking':
      return null;
    case 'out':
      return <SignIn problem={session.problem} by={session.by} />;
    case 'only':
      return session.me.only === 'create-first-admin' ? <FirstAdmin /> : <HandedOutPassword name={session.me.name} />;
    case 'unreachable':
      return <Unreachable problem={session.problem} />;
    case 'in':
      return <RouterProvider key={session.entry} router={router} />;
  }
}

void openSession();
createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <MantineProvider theme={theme} cssVariablesResolver={variables} defaultColorScheme="auto" deduplicateCssVariables>
      <QueryClientProvider client={queryClient}>
        <Console />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
