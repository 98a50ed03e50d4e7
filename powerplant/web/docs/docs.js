// Shows the service's own OpenAPI document, and lets it be tried out on the server that this page came from.
"use strict";

(async () => {
  const place = document.getElementById("docs");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const dress = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
  dark.addEventListener("change", dress);
  dress();

  const address = new URL(place.dataset.document, location);
  const response = await fetch(address);
  const spec = await response.json();
  // The document also names the server as people start it on their own machine. Here it is this one.
  spec.servers = [{ url: new URL(".", address).href.replace(/\/$/, ""), description: "this server" }];
  SwaggerUIBundle({
    spec,
    domNode: place,
    deepLinking: true,
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
    tryItOutEnabled: true,
    validatorUrl: null, // it would send the document to another host
  });

  // Swagger UI leaves much of this without a name for screen readers, or out of reach of the keyboard.
  const mend = () => {
    name(place, "#servers", () => "Server");
    name(place, ".parameters :is(input, select)", (field) => field.closest("tr").dataset.paramName);
    name(place, ".content-type", () => "Media type");
    name(place, ".examples-select-element", () => "Example");
    name(place, ".opblock-section-request-body :is(textarea, input)", () => "Body of the request");
    for (const code of place.querySelectorAll(".microlight:not([tabindex])")) code.tabIndex = 0;
    // A link inside of a button: the button does what it does.
    for (const link of place.querySelectorAll(".opblock-summary-control a[href]")) link.removeAttribute("href");
  };
  const name = (within, fields, words) => {
    for (const field of within.querySelectorAll(fields)) {
      if (!field.ariaLabel) field.ariaLabel = words(field);
    }
  };
  new MutationObserver(mend).observe(place, { childList: true, subtree: true });
  mend();
})();
