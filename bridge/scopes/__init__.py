"""One model for each product, store or region: which scopes there are, their data, their fits and what came of them."""
