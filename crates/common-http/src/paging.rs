//! Pages and their items as streams.

use futures_util::{Stream, TryStreamExt, stream};

use crate::{
    api::Api,
    client::Client,
    endpoint::{Endpoint, Paged},
    error::Error,
};

impl<A: Api> Client<A> {
    /// The pages from `first` on, one request each, made when the stream is asked for the next.
    ///
    /// Each comes with the request for the page after it, which can be kept to go on later. The
    /// stream ends after the last page or the first error.
    pub fn pages<E>(
        &self,
        first: E,
    ) -> impl Stream<Item = Result<(<E as Endpoint>::Response, Option<E>), Error>> + Send + use<A, E>
    where
        E: Paged<Api = A> + Clone + Send,
        E::Response: Send,
    {
        let client = self.clone();
        stream::try_unfold(Some(first), move |request| {
            let client = client.clone();
            async move {
                let Some(request) = request else { return Ok(None) };
                let page = client.send(&request).await?;
                let next = request.next(&page);
                Ok(Some(((page, next.clone()), next)))
            }
        })
    }

    /// The items of all pages from `first` on, in the server's order.
    pub fn items<E>(
        &self,
        first: E,
    ) -> impl Stream<Item = Result<E::Item, Error>> + Send + use<A, E>
    where
        E: Paged<Api = A> + Clone + Send,
        E::Response: Send,
        E::Item: Send,
    {
        self.pages(first)
            .map_ok(|(page, _)| stream::iter(E::items(page).into_iter().map(Ok)))
            .try_flatten()
    }
}
