package stub

// apiServer works on a request and then makes the calls of its connections.
type apiServer struct{ plain }
