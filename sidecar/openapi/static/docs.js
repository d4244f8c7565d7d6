// Shows the merged document. `?service=math` shows one service's operations to begin with.
const page = document.getElementById("docs");
const service = new URLSearchParams(window.location.search).get("service");

window.ui = SwaggerUIBundle({
  url: "/openapi.json",
  domNode: page,
  layout: "BaseLayout",
  presets: [SwaggerUIBundle.presets.apis],
  deepLinking: true,
  filter: service ?? true,
  docExpansion: service ? "list" : page.dataset.expansion,
  defaultModelsExpandDepth: -1,
  defaultModelExpandDepth: 3,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  persistAuthorization: false,
  // Swagger UI would send the document to validator.swagger.io otherwise.
  validatorUrl: null,
});
