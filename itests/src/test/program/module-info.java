module org.example {
  requires org.dmalloc.api;
  requires org.dmalloc.heap;
}
