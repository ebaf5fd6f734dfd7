module lead-connector/e2e/small/pause

go 1.26.0
