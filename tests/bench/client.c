#include "bench.h"
int bench_flood(int argc, char **argv){return 2;}
int bench_pace(int argc, char **argv){return 2;}
int bench_serve(int argc, char **argv){return 2;}
int bench_transact(int argc, char **argv){return 2;}
int bench_stream(int argc, char **argv){return 2;}
