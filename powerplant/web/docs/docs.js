// Shows the OpenAPI document of the service in Swagger UI, which can also send requests to this server.
"use strict";

(async () => {
  const root = document.getElementById("docs");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const applyTheme = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
  dark.addEventListener("change", applyTheme);
  applyTheme();

  const address = new URL(root.dataset.document, location);
  const response = await fetch(address);
  const spec = await response.json();
  // The document also names 127.0.0.1, for programs that read it as a file. The page uses the server that it came from.
  spec.servers = [{ url: new URL(".", address).href.replace(/\/$/, ""), description: "this server" }];
  SwaggerUIBundle({
    spec,
    domNode: root,
    deepLinking: true,
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
    tryItOutEnabled: true,
    validatorUrl: null, // it would send the document to another host
  });

  // Swagger UI leaves many fields without a name for screen readers, and some parts out of reach of the keyboard.
  const label = (fields, words) => {
    for (const field of root.querySelectorAll(fields)) {
      if (!field.ariaLabel) field.ariaLabel = words(field);
    }
  };
  const makeAccessible = () => {
    label("#servers", () => "Server");
    label(".parameters :is(input, select)", (field) => field.closest("tr").dataset.paramName);
    label(".content-type", () => "Media type");
    label(".examples-select-element", () => "Example");
    label(".opblock-section-request-body :is(textarea, input)", () => "Body of the request");
    for (const code of root.querySelectorAll(".microlight:not([tabindex])")) code.tabIndex = 0;
    // A link inside a button: the button has the same effect.
    for (const link of root.querySelectorAll(".opblock-summary-control a[href]")) link.removeAttribute("href");
  };
  new MutationObserver(makeAccessible).observe(root, { childList: true, subtree: true });
  makeAccessible();
})();
