import { keepPreviousData, type QueryKey, useInfiniteQuery } from "@tanstack/react-query";

/** An answer that is a page of a list. */
interface Page {
  /** Where the next one starts; empty on the last. */
  nextPageToken: string;
}

/** A list that is read page by page. */
export interface Pages<Answer> {
  /** The pages that were read, from the first; undefined until it was. */
  data: Answer[] | undefined;
  error: Error | null;
  refetch: () => unknown;
  /** Reads the next page; undefined on the last. */
  more: (() => void) | undefined;
  /** Whether the next page, or the first of other ones, is on its way. */
  busy: boolean;
}

/** Reads a list page by page; what was shown stays until what is asked for instead is there. */
export function usePages<Answer extends Page>(
  queryKey: QueryKey,
  read: (token: string) => Promise<Answer>,
): Pages<Answer> {
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage, isPlaceholderData } = useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam }) => read(pageParam),
    initialPageParam: "",
    getNextPageParam: (last) => last.nextPageToken || undefined,
    placeholderData: keepPreviousData,
  });
  return {
    data: data?.pages,
    error,
    refetch,
    more: hasNextPage ? () => void fetchNextPage() : undefined,
    busy: isFetchingNextPage || isPlaceholderData,
  };
}
