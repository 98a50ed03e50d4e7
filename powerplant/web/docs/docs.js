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
})();
