import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { makeClient } from "./api/client";
import { App } from "./app";
import "./style/base.css";
import { startTheme } from "./style/theme";

startTheme();
const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={makeClient()}>
        <App />
      </QueryClientProvider>
    </StrictMode>,
  );
}
